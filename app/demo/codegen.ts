// Writes the types of the operations, and their texts by their hashes: the manifest that the server trusts.
import { addTypenameSelectionDocumentTransform, preset } from "@graphql-codegen/client-preset";
import type { CodegenConfig } from "@graphql-codegen/cli";

/** The client preset without its tag function: the operations stand in files of their own. */
const tagless: typeof preset = {
  ...preset,
  buildGeneratesSection: async (options) =>
    (await preset.buildGeneratesSection(options)).filter(({ filename }) => !filename.endsWith("/gql.ts")),
};

export default {
  schema: "../../graphql_schema/schema.graphql",
  documents: "src/operations/*.graphql",
  generates: {
    "src/graphql/": {
      preset: tagless,
      documentTransforms: [addTypenameSelectionDocumentTransform],
      presetConfig: {
        persistedDocuments: { hashAlgorithm: "sha256" },
        fragmentMasking: false,
        skipIndexFile: true,
      },
      config: { useTypeImports: true, enumsAsTypes: true, scalars: { DateTime: "string" } },
    },
  },
} satisfies CodegenConfig;

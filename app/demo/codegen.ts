// Writes the types of the operations, and their texts by their hashes: the manifest that the server trusts.
import { addTypenameSelectionDocumentTransform } from "@graphql-codegen/client-preset";
import type { CodegenConfig } from "@graphql-codegen/cli";

export default {
  schema: "../../graphql_schema/schema.graphql",
  documents: "src/operations/*.graphql",
  generates: {
    "src/graphql/": {
      preset: "client",
      documentTransforms: [addTypenameSelectionDocumentTransform],
      presetConfig: { persistedDocuments: { hashAlgorithm: "sha256" }, fragmentMasking: false },
      config: { useTypeImports: true, enumsAsTypes: true, scalars: { DateTime: "string" } },
    },
  },
} satisfies CodegenConfig;

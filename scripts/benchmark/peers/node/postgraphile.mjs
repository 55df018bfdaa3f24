// PostGraphile 5 with its Amber preset over the tables as they are: one process, no watch mode, no console.
import { createServer } from "node:http";
import pg from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";

// PGHOST, PGPORT, PGUSER and PGDATABASE say where the database is.
const pool = new pg.Pool({ max: 10 });

// Orders that are served by an index whose first column is the foreign key: PostGraphile does not offer them unasked.
const sortable = { tags: { behavior: "+orderBy" } };
const smartTags = {
  version: 1,
  config: {
    class: {
      specification_documents: { attribute: { phase: sortable } },
      comment_threads: { attribute: { line: sortable } },
      comments: { attribute: { created_at: sortable } },
      course_modules: { attribute: { order: sortable } },
      lessons: { attribute: { order: sortable } },
      commits: { attribute: { committed_at: sortable } },
    },
  },
};

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [jsonPgSmartTags(smartTags)],
  pgServices: [makePgService({ pool, schemas: ["public"], pubsub: false })],
  grafast: { explain: false },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false },
};

const server = createServer();
const served = postgraphile(preset).createServ(grafserv);
await served.addTo(server);
await served.ready();
server.listen(Number(process.env.PORT), "127.0.0.1");

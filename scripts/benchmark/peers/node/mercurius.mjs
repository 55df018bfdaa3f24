// Mercurius with JIT and batched loaders over node-postgres: what a good Node engineer would write by hand.
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import pg from "pg";

// PostgreSQL's own text of a time, made ISO 8601: a Date would cost more and drop the microseconds.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => `${text.replace(" ", "T")}:00`);

// PGHOST, PGPORT, PGUSER and PGDATABASE say where the database is.
const pool = new pg.Pool({ max: 10, options: "-c timezone=UTC" });

// Statements are prepared once on each connection, under a name of their own.
const statement = (name, text) => async (...values) => (await pool.query({ name, text, values })).rows;

const VISIBLE = `
  SELECT id FROM specification_projects WHERE owner_id = $1
  UNION
  SELECT project_id FROM project_members WHERE user_id = $1 AND status = 'ACTIVE'`;
const PROJECT = `id, name, status, updated_at AS "updatedAt", owner_id AS "ownerId"`;
const COMMENT = `id, content, created_at AS "createdAt", author_id AS "authorId"`;
const COMMIT = `sha, message, committed_at AS "committedAt", author_id AS "authorId"`;

const users = statement("users", "SELECT id, name FROM users WHERE id = ANY($1::uuid[])");
const project = statement("project", `SELECT ${PROJECT} FROM specification_projects WHERE id = $1`);
const projects = statement(
  "projects",
  `SELECT ${PROJECT} FROM specification_projects WHERE id IN (${VISIBLE}) ORDER BY updated_at DESC, id DESC LIMIT $2`,
);
const projectCount = statement("project-count", `SELECT count(*)::int AS count FROM (${VISIBLE}) visible`);
const repository = statement("repository", `SELECT id, full_name AS "fullName" FROM repositories WHERE id = $1`);
const courses = statement(
  "courses",
  `SELECT id, title, difficulty, created_at AS "createdAt" FROM courses
   WHERE published AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid))
   ORDER BY created_at DESC, id DESC LIMIT $1`,
);
const addComment = statement(
  "add-comment",
  `INSERT INTO comments (thread_id, author_id, content) VALUES ($1, $2, $3) RETURNING ${COMMENT}`,
);

// A page of children for each of many parents, in one statement.
const pages = (name, columns, table, key, order) =>
  statement(
    name,
    `SELECT keys.key AS parent, child.* FROM unnest($1::uuid[]) AS keys(key) CROSS JOIN LATERAL (
       SELECT ${columns} FROM ${table} WHERE ${key} = keys.key ORDER BY ${order} LIMIT $2) child`,
  );
const counts = (name, table, key) =>
  statement(name, `SELECT ${key} AS parent, count(*)::int AS count FROM ${table} WHERE ${key} = ANY($1) GROUP BY 1`);

const documents = pages("documents", "id, phase, version", "specification_documents", "project_id", "phase, id");
const threads = pages("threads", "id, status", "comment_threads", "document_id", "line, id");
const comments = pages("comments", COMMENT, "comments", "thread_id", "created_at, id");
const modules = pages("modules", "id, title", "course_modules", "course_id", `"order", id`);
const lessons = pages("lessons", "title, duration", "lessons", "module_id", `"order", id`);
const newest = pages("newest", COMMIT, "commits", "repository_id", "committed_at DESC, id DESC");
const oldest = pages("oldest", COMMIT, "commits", "repository_id", "committed_at, id");
const moduleCounts = counts("module-counts", "course_modules", "course_id");
const lessonCounts = counts("lesson-counts", "lessons", "module_id");

// The loader of a page: queries of the same size are answered by one statement.
const paged = (read) => async (queries) => {
  const answers = new Map();
  for (const [first, same] of Map.groupBy(queries, (query) => query.params.first)) {
    for (const query of same) answers.set(query, { parent: query.obj.id, nodes: [] });
    const byParent = Map.groupBy(await read(ids(same), first), (row) => row.parent);
    for (const query of same) answers.get(query).nodes = byParent.get(query.obj.id) ?? [];
  }
  return queries.map((query) => answers.get(query));
};
const ids = (queries) => queries.map((query) => query.obj.id);

const counted = (read) => async (queries) => {
  const found = await read(queries.map((query) => query.obj.parent));
  const byParent = new Map(found.map((row) => [row.parent, row.count]));
  return queries.map((query) => byParent.get(query.obj.parent) ?? 0);
};

const person = (key) => async (queries) => {
  const keys = new Set(queries.map((query) => query.obj[key]).filter(Boolean));
  const byId = new Map((await users([...keys])).map((user) => [user.id, user]));
  return queries.map((query) => byId.get(query.obj[key]) ?? null);
};

const commits = async (queries) =>
  Promise.all(
    queries.map(async ({ obj, params }) => {
      if (params.last == null) return { nodes: await newest([obj.id], params.first) };
      return { nodes: (await oldest([obj.id], params.last)).reverse() };
    }),
  );

// Nothing is asked for twice in one request, so a cache would only cost.
const uncached = (loader) => ({ loader, opts: { cache: false } });

const resolvers = {
  Query: {
    project: async (_, { id }) => (await project(id))[0] ?? null,
    projects: async (_, { viewer, first }) => ({ viewer, nodes: await projects(viewer, first) }),
    repository: async (_, { id }) => (await repository(id))[0] ?? null,
    courses: async (_, { first, after }) => ({ nodes: await courses(first, ...(after?.split("/") ?? [null, null])) }),
  },
  Mutation: {
    addComment: async (_, { threadId, authorId, content }) => ({
      comment: (await addComment(threadId, authorId, content))[0],
    }),
  },
  ProjectConnection: { totalCount: async ({ viewer }) => (await projectCount(viewer))[0].count },
  CourseConnection: {
    pageInfo: ({ nodes }) => ({ endCursor: nodes.length ? `${nodes.at(-1).createdAt}/${nodes.at(-1).id}` : null }),
  },
};

const loaders = {
  Project: { owner: uncached(person("ownerId")), documents: uncached(paged(documents)) },
  Document: { threads: uncached(paged(threads)) },
  Thread: { comments: uncached(paged(comments)) },
  Comment: { author: uncached(person("authorId")) },
  Course: { modules: uncached(paged(modules)) },
  ModuleConnection: { totalCount: uncached(counted(moduleCounts)) },
  Module: { lessons: uncached(paged(lessons)) },
  LessonConnection: { totalCount: uncached(counted(lessonCounts)) },
  Repository: { commits: uncached(commits) },
  Commit: { author: uncached(person("authorId")) },
};

const schema = readFileSync(new URL("schema.graphql", import.meta.url), "utf8");
const app = Fastify();
app.register(mercurius, { schema, resolvers, loaders, jit: 1, graphiql: false });
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });

import { defineConfig } from "vite";

export default defineConfig({
  // The page is asked for below any path: what it loads is found beside it, and what that loads beside that.
  base: "./",
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `graphiql/${name}` : { relative: true }),
  },
  worker: { format: "es" },
  // Monaco is one chunk of several megabytes, loaded once and then cached for ever.
  build: { chunkSizeWarningLimit: 5000, modulePreload: { polyfill: false } },
});

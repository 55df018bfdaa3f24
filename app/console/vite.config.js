import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphiql/",
  worker: { format: "es" },
  // Monaco is one chunk of several megabytes, loaded once and then cached for ever.
  build: { chunkSizeWarningLimit: 5000, modulePreload: { polyfill: false } },
});

import { defineConfig } from "vite";

export default defineConfig({
  // The page is asked for below any path: what it loads is found beside it.
  base: "./",
  experimental: {
    renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `demo/${name}` : { relative: true }),
  },
  build: { modulePreload: { polyfill: false } },
});

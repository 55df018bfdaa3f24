import { defineConfig } from "vite";

// Two pages, each with its own assets: the console is not for everybody everywhere, and the page to sign in on is.
const PAGES = {
  graphiql: { root: ".", outDir: "dist" },
  signin: { root: "src/signin", outDir: "../../dist/signin" },
};

export default defineConfig(({ mode }) => {
  const page = mode === "signin" ? "signin" : "graphiql";
  const { root, outDir } = PAGES[page];
  return {
    root,
    // The page is asked for below any path: what it loads is found beside it, and what that loads beside that.
    base: "./",
    experimental: {
      renderBuiltUrl: (name, { hostType }) => (hostType === "html" ? `${page}/${name}` : { relative: true }),
    },
    worker: { format: "es" },
    // Monaco is one chunk of several megabytes, loaded once and then cached for ever.
    build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: 5000, modulePreload: { polyfill: false } },
  };
});

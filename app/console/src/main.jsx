// The workers must be registered before GraphiQL loads Monaco, so this import stays first.
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./theme.css";
import "./forms.css";
import "./console.css";
import { createRoot } from "react-dom/client";
import { Console } from "./Console.jsx";

createRoot(document.getElementById("root")).render(<Console />);

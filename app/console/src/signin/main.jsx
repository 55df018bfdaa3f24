// The page to sign in on: everybody may see it, and it says nothing of the schema.
import "../theme.css";
import "../forms.css";
import "./page.css";
import { createRoot } from "react-dom/client";
import { arrival } from "./arrival.js";
import { Page } from "./Page.jsx";

createRoot(document.getElementById("root")).render(<Page arrival={arrival()} />);

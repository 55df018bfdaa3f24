import "./demo.css";
import { StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { Boundary } from "./Boundary";
import { Stage } from "./Stage";
import { Window } from "./Window";

const as = new URLSearchParams(location.search).get("as");

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Boundary>
      <Suspense fallback={<p className="notice">One moment …</p>}>{as ? <Window as={as} /> : <Stage />}</Suspense>
    </Boundary>
  </StrictMode>,
);

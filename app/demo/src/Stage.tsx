// Two people side by side: two windows in one page, each with a connection of its own.
import { use } from "react";
import { people } from "./session";
import logo from "./trellis.svg";

export function Stage() {
  const two = use(people).slice(0, 2);
  return (
    <div className="stage">
      <header>
        <img src={logo} alt="" />
        <h1>Two people, one document</h1>
        <p>Comment on one side and watch the other. Go offline, go on, and come back.</p>
      </header>
      <main>
        {two.map(({ as, name }) => (
          <iframe key={as} src={`demo?as=${as}`} title={`The window of ${name}`} />
        ))}
      </main>
    </div>
  );
}

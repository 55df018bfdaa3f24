// The audits of GraphQL over HTTP by the makers of its reference implementation.
import { serverAudits } from "graphql-http";
import { check, signedIn, world } from "./checks.mjs";

const audits = (fetchFn) => serverAudits({ url: world.url, fetchFn });
const failing = ({ status, reason }) => (status === "ok" ? null : reason);

async function passes(audit) {
  const reason = failing(await audit.fn());
  if (reason) throw reason;
}

for (const audit of audits(fetch)) await check(`${audit.id} ${audit.name}`, () => passes(audit));

const careful = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...signedIn("ada"), ...options.headers } });

await check("all audits pass when the client says that no other site sent it", async () => {
  for (const audit of audits(careful)) await passes(audit);
});

process.exit();

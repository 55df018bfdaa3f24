// Passkeys: the browser and the server speak through us, and only their JSON passes.
import {
  browserSupportsWebAuthn,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
} from "@simplewebauthn/browser";
import { DEVICE } from "./device.js";
import { ask } from "./session.js";

// The challenge holds for five minutes: a page that stays open asks for another before.
const RENEWED_AFTER = 4 * 60_000;
const IS_ADDRESS = /^(\d+(\.\d+){3}|\[.*\])$/;
const UNUSED = { code: "BAD_USER_INPUT", message: "No passkey was used.", path: [] };
const THERE = { code: "CONFLICT", message: "This device has a passkey of yours already.", path: [] };

/** Whether this browser can have passkeys of this page: they are of a host with a name, over HTTPS or on this machine. */
export const ARE_POSSIBLE = browserSupportsWebAuthn() && !IS_ADDRESS.test(location.hostname);

/** Let a passkey be chosen, and sign in with it. */
export async function signInWithPasskey() {
  const { payload, errors } = await ask("beginPasskeySignIn", undefined, "");
  if (errors.length) return { errors };
  return await answered("signInWithPasskey", startAuthentication({ optionsJSON: payload.options }), { device: DEVICE }, "");
}

/** Add a passkey of this device to the account of whoever is signed in. */
export async function addPasskey(name) {
  const { payload, errors } = await ask("beginPasskeyRegistration");
  if (errors.length) return { errors };
  return await answered("addPasskey", startRegistration({ optionsJSON: payload.options }), { name });
}

/** Offer passkeys where the browser fills in an address, until the returned function is called. */
export function offerPasskeys(onDone) {
  let isOver = false;
  let timer;

  async function offer() {
    const { payload, errors } = await ask("beginPasskeySignIn", undefined, "");
    if (isOver || errors.length) return;
    clearTimeout(timer);
    timer = setTimeout(offer, RENEWED_AFTER);
    try {
      const response = await startAuthentication({ optionsJSON: payload.options, useBrowserAutofill: true });
      if (!isOver) onDone(await ask("signInWithPasskey", { response, device: DEVICE }, ""));
    } catch {
      // It was given up, or something else was chosen: that has an answer of its own.
    }
  }

  if (ARE_POSSIBLE) browserSupportsWebAuthnAutofill().then((is) => is && !isOver && offer());
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

async function answered(name, asking, input, token) {
  try {
    const response = await asking;
    return await ask(name, { response, ...input }, token);
  } catch (error) {
    return { errors: [error.code === "ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED" ? THERE : UNUSED] };
  }
}

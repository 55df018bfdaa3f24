// Says that the session has ended, in another window or by somebody else, and how to go on.
import { useEffect, useState } from "react";
import { canSignIn, signInAgain, useSession } from "./session";
import { useStore } from "./store";

export function Ended() {
  const { connection } = useSession();
  const hasEnded = useStore(connection.state) === "ended";
  return (
    <div role="alert" className={hasEnded ? "signed-out" : "unseen"}>
      {hasEnded && <WayBack />}
    </div>
  );
}

function WayBack() {
  const { me } = useSession();
  const [isOpen, setOpen] = useState<boolean>();
  useEffect(() => {
    canSignIn(me.as).then(setOpen, () => setOpen(true));
  }, [me.as]);
  return (
    <>
      <p>
        {isOpen === false
          ? `${me.name} cannot sign in any more. What you typed stays here as long as this window is open.`
          : "Your session has ended. What you typed is still here."}
      </p>
      {isOpen && (
        <button type="button" className="primary" onClick={() => signInAgain(me.as)}>
          Sign in again
        </button>
      )}
    </>
  );
}

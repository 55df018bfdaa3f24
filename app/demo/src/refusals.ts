// Why something was not done, for people: what a mutation says of the input, or what went wrong on the way.
interface Answer {
  data?: object | null;
}

export async function refusalOf(sent: Promise<Answer>): Promise<string | undefined> {
  try {
    const payloads = Object.values((await sent).data ?? {}) as ({ errors?: { message: string }[] } | null)[];
    return payloads.flatMap((payload) => payload?.errors ?? [])[0]?.message;
  } catch (error) {
    return error instanceof Error ? error.message : "The server does not answer.";
  }
}

// Markdown as React elements; HTML in it is shown as text, for other people wrote it.
import Markdown from "markdown-to-jsx";

const OPTIONS = { disableParsingRawHTML: true, forceBlock: true, wrapper: "div" } as const;

export const Text = ({ children }: { children: string }) => <Markdown options={OPTIONS}>{children}</Markdown>;

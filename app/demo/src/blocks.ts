// The blocks of a Markdown text with the lines they stand on, so that threads can stand below what they are about.
export interface Block {
  first: number;
  last: number;
  text: string;
}

export function blocksOf(content: string): Block[] {
  const blocks: Block[] = [];
  let current: Block | null = null;
  let isFenced = false;
  content.split("\n").forEach((line, number) => {
    if (line.trim().startsWith("```")) isFenced = !isFenced;
    if (!line.trim() && !isFenced) {
      current = null;
    } else if (current) {
      current.last = number;
      current.text += `\n${line}`;
    } else {
      blocks.push((current = { first: number, last: number, text: line }));
    }
  });
  return blocks;
}

/** The block that a line stands in, or else the one ahead of it. */
export const blockAt = (blocks: Block[], line: number): Block | undefined =>
  blocks.findLast(({ first }) => first <= line) ?? blocks[0];

/** How a block begins, to name it by. */
export function beginning({ text }: Block): string {
  const words = text.replace(/[#*_`>-]+/g, "").trim().split(/\s+/);
  return words.slice(0, 6).join(" ") + (words.length > 6 ? " …" : "");
}

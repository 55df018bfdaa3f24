// Somebody, by their initials, in a colour of their own.
export function Face({ name, title = name }: { name: string; title?: string }) {
  const initials = name.split(/[\s-]+/).map((word) => word[0]).join("").slice(0, 2).toUpperCase();
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 8, 7);
  return (
    <span className={`face hue-${hue}`} title={title} aria-hidden="true">
      {initials}
    </span>
  );
}

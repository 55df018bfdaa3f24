// The few pictures of the page.
const PATHS = {
  like: "M7 11v9H4v-9zm0 0 4-8a2.3 2.3 0 0 1 2.2 2.8L12.5 9H19a2 2 0 0 1 2 2.4l-1.5 7a2 2 0 0 1-2 1.6H7",
  dislike: "M17 13V4h3v9zm0 0-4 8a2.3 2.3 0 0 1-2.2-2.8l.7-3.2H5a2 2 0 0 1-2-2.4l1.5-7a2 2 0 0 1 2-1.6H17",
  helpful: "M9 18h6m-5 3h4M12 3a6 6 0 0 0-3.6 10.8c.4.3.6.8.6 1.2h6c0-.4.2-.9.6-1.2A6 6 0 0 0 12 3",
  confused: "M9.2 9.3a2.9 2.9 0 1 1 4.3 2.5c-1 .6-1.5 1.2-1.5 2.4M12 18h.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  bell: "M18 9a6 6 0 1 0-12 0c0 6-2 7-2 7h16s-2-1-2-7m-7.5 11a1.8 1.8 0 0 0 3 0",
  plus: "M12 6v12M6 12h12",
};

export function Icon({ of }: { of: keyof typeof PATHS }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[of]} />
    </svg>
  );
}

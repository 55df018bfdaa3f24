// Notifications, with the number of those that wait to be read.
import { useMutation, useSubscription } from "@apollo/client/react";
import { type BellFragment, MarkReadDocument, NotificationEventsDocument } from "./graphql/graphql";
import { Icon } from "./Icon";
import { Moment } from "./Moment";

export function Bell({ viewer, onTold }: { viewer: BellFragment; onTold(): void }) {
  const [markRead] = useMutation(MarkReadDocument);
  useSubscription(NotificationEventsDocument, {
    ignoreResults: true,
    onData({ data: { data } }) {
      if (data?.notificationEvents.kind === "NOTIFICATION_ADDED") onTold();
    },
  });

  const notices = viewer.notifications.nodes;
  const unread = notices.filter(({ isRead }) => !isRead).map(({ id }) => id);
  const count = viewer.unreadNotificationCount ?? 0;
  return (
    <>
      <button type="button" className="bell" popoverTarget="notices" aria-label={`Notifications, ${count} unread`}>
        <Icon of="bell" />
        {count > 0 && <span className="count">{count}</span>}
      </button>
      <div id="notices" popover="auto" role="dialog" aria-label="Notifications">
        {notices.length === 0 && <p>Nothing yet.</p>}
        <ul>
          {notices.map(({ id, title, message, isRead, createdAt }) => (
            <li key={id} className={isRead ? "" : "unread"}>
              <strong>{title}</strong> <Moment at={createdAt} />
              <p>{message}</p>
            </li>
          ))}
        </ul>
        {unread.length > 0 && (
          <button
            type="button"
            className="primary"
            onClick={() => {
              markRead({ variables: { input: { notificationIds: unread } } }).catch(() => undefined);
            }}
          >
            Mark as read
          </button>
        )}
      </div>
    </>
  );
}

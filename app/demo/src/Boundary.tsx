// Says what went wrong when a page cannot be shown at all.
import { Component, type ReactNode } from "react";

export class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    return error ? <p className="notice" role="alert">{error.message}</p> : this.props.children;
  }
}

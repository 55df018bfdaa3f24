"""Real time, measured: the same comments to the same sockets, by Trellis and by its peers."""

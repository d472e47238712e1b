export function NotifyBell() { return null; }

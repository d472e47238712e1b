/** Whether a text can be the token of a monitor: it is part of a subprotocol, for which only some characters do (RFC 9110, 5.6.2). */
export function isToken(text: string): boolean {
  return /^[\w!#$%&'*+\-.^`|~]+$/.test(text);
}

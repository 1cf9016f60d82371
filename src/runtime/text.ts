/** Cuts a text to that many bytes of UTF-8, at whole characters. A text that was cut ends in an ellipsis. */
export function cut(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= limit) return text;
  const ellipsis = '…';
  let end = limit - Buffer.byteLength(ellipsis);
  const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
  while (isContinuation(bytes[end])) end--;
  return bytes.subarray(0, end).toString() + ellipsis;
}

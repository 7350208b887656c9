/// Reads Server-Sent Events (WHATWG HTML, 9.2) from pieces of text as they come off the network.

export interface SseMessage {
  event: string;
  data: string;
}

export class SseParser {
  private rest = '';
  /// Where the stream has come to, also when no message has come yet: what `Last-Event-ID` is for.
  lastId: string | null = null;
  private id: string | null = null;
  private event = '';
  private data: string[] = [];
  private endedInCr = false;

  /// The messages that are complete with this piece. A comment is none; it only shows that the stream lives.
  push(text: string): SseMessage[] {
    const messages: SseMessage[] = [];
    // CR LF may be cut in two: the LF that follows belongs to the line that has ended already.
    if (this.endedInCr && text.startsWith('\n')) text = text.slice(1);
    if (text) this.endedInCr = text.endsWith('\r');
    const lines = (this.rest + text).split(/\r\n|\r|\n/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = this.takeLine(line);
      if (message) messages.push(message);
    }
    return messages;
  }

  private takeLine(line: string): SseMessage | null {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') this.data.push(value);
    if (field === 'event') this.event = value;
    if (field === 'id' && !value.includes('\0')) this.id = value;
    return null;
  }

  private dispatch(): SseMessage | null {
    // Only now: a connection that is cut inside a message resumes in front of it.
    this.lastId = this.id;
    const message = {event: this.event || 'message', data: this.data.join('\n')};
    const isComplete = this.data.length > 0 || this.event !== '';
    this.event = '';
    this.data = [];
    return isComplete ? message : null;
  }
}

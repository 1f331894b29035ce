import type { RemoteOptions } from '../../remote-options.ts';
import type { Sender } from '../protocol.ts';
import { connectFluentd } from './fluentd.ts';
import { connectGelf } from './gelf.ts';
import { connectJournald } from './journald.ts';
import type { Sink } from './sink.ts';
import { connectSyslog } from './syslog.ts';

export type { Sink } from './sink.ts';

/** Connects to the log server that the options name. Errors: those of the connection, with what was tried. */
export async function connectSink(options: RemoteOptions, sender: Sender): Promise<Sink> {
  switch (options.driver) {
    case 'syslog':
      return connectSyslog(options, sender);
    case 'gelf':
      return connectGelf(options, sender);
    case 'fluentd':
      return connectFluentd(options, sender);
    case 'journald':
      return connectJournald(sender);
  }
}

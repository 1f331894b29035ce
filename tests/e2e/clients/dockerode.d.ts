/** The part of dockerode that the session uses; the package has no types of its own. */
declare module 'dockerode' {
  type Stream = NodeJS.ReadWriteStream & AsyncIterable<Buffer> & { destroy(): void };

  interface Container {
    id: string;
    start(): Promise<unknown>;
    stop(options: object): Promise<unknown>;
    pause(): Promise<unknown>;
    unpause(): Promise<unknown>;
    remove(): Promise<unknown>;
    attach(options: object): Promise<Stream>;
    wait(options?: object): Promise<{ StatusCode: number }>;
    logs(options: object): Promise<Buffer>;
    inspect(): Promise<{ State: { Running: boolean } }>;
    exec(options: object): Promise<Exec>;
  }

  interface Exec {
    start(options: object): Promise<Stream>;
    inspect(): Promise<{ ExitCode: number }>;
  }

  export default class Docker {
    constructor(options: { socketPath: string | undefined });
    modem: {
      demuxStream(from: NodeJS.ReadableStream, out: NodeJS.WritableStream, err: NodeJS.WritableStream): void;
      followProgress(stream: Stream, done: (error: Error | null, lines: object[]) => void): void;
    };
    ping(): Promise<Buffer>;
    version(): Promise<{ ApiVersion: string }>;
    info(): Promise<{ OSType: string }>;
    loadImage(archive: string, options: object): Promise<Stream>;
    listImages(): Promise<{ RepoTags: string[] }[]>;
    getImage(name: string): { inspect(): Promise<{ Id: string }> };
    getEvents(options: object): Promise<Stream>;
    createContainer(options: object): Promise<Container>;
    listContainers(options: object): Promise<{ Id: string }[]>;
    getContainer(name: string): Container;
    run(
      image: string,
      command: string[],
      output: NodeJS.WritableStream,
      options: object,
    ): Promise<[{ StatusCode: number }, Container]>;
  }
}

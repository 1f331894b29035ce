/** Path of something that Docker's API does not have for volumes. */
export function extraPath(name: string, verb: string): string {
  return `/berth/v1/volumes/${encodeURIComponent(name)}/${verb}`;
}

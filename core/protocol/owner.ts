/**
 * What a relay is called on its machine, in `/etc/<name>/owner`: `project/stack/relay`; a managed peer's machine has the peer's name
 * behind that.
 */
export function ownerOf({ project, stack }: { project: string; stack: string }, relay: string): string {
    return `${project}/${stack}/${relay}`;
}

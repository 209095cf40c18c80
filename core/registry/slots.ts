/**
 * Who gets which number: the rules that addresses and ports have in common.
 *
 * A slot belongs to a name for ever. The order in which names are declared plays no part: new names are served in
 * sorted order, after all names that already have a slot.
 */
interface SlotRequest {
    /** Slots that may be given out, both ends included. */
    pool: { first: number; last: number };
    /** Whether a slot in the pool cannot be allocated. */
    blocked: (slot: number) => boolean;
    /** By name. */
    wanted: ReadonlyMap<string, Want>;
    /** Names that are no longer listed and the slots they left, in the order in which they would have to give them up. */
    retired: ReadonlyMap<string, number>;
}

export interface Want {
    /** Chosen by the program: this slot or none. */
    pinned?: number | undefined;
    /** The current slot. */
    current?: number | undefined;
    /** The slot before the name was retired, or the best match: given if it is free. */
    preferred?: number | undefined;
}

interface SlotResult {
    slots: Map<string, number>;
    /** Pinned slots of other names. */
    conflicts: { name: string; holder: string }[];
    /** Names for which nothing was left. */
    unserved: string[];
    /** Retired names whose slot was given to another name. */
    evicted: Set<string>;
}

export function assignSlots(request: SlotRequest): SlotResult {
    const { wanted, retired } = request;
    const names = [...wanted.keys()].sort();
    const slots = new Map<string, number>();
    const conflicts: SlotResult["conflicts"] = [];
    const holder = new Map<number, string>();
    const take = (name: string, slot: number): void => {
        slots.set(name, slot);
        holder.set(slot, name);
    };

    const pinned = names.filter((name) => wanted.get(name)?.pinned !== undefined);
    const rest = names.filter((name) => wanted.get(name)?.pinned === undefined);
    for (const name of rest) {
        const current = wanted.get(name)?.current;
        if (current !== undefined && !holder.has(current)) {
            take(name, current);
        }
    }
    for (const name of pinned) {
        const slot = wanted.get(name)?.pinned as number;
        const other = holder.get(slot);
        if (other === undefined) {
            take(name, slot);
        } else {
            conflicts.push({ name, holder: other });
        }
    }

    const leftBy = new Map([...retired].map(([name, slot]) => [slot, name]));
    const free = (slot: number): boolean => !holder.has(slot) && !request.blocked(slot);
    for (const name of rest) {
        const preferred = wanted.get(name)?.preferred;
        if (!slots.has(name) && preferred !== undefined && free(preferred) && !leftBy.has(preferred)) {
            take(name, preferred);
        }
    }

    const unserved: string[] = [];
    const source = unused(request.pool, (slot) => free(slot) && !leftBy.has(slot), retired.values(), free);
    for (const name of rest.filter((name) => !slots.has(name))) {
        const slot = source.next();
        if (slot.done === true) {
            unserved.push(name);
        } else {
            take(name, slot.value);
        }
    }
    const evicted = new Set([...retired].filter(([, slot]) => holder.has(slot)).map(([name]) => name));
    return { slots, conflicts, unserved, evicted };
}

/** Slots that were never used, lowest first; then those of retired names. */
function* unused(
    pool: { first: number; last: number },
    neverUsed: (slot: number) => boolean,
    left: Iterable<number>,
    free: (slot: number) => boolean,
): Generator<number, void> {
    for (let slot = pool.first; slot <= pool.last; slot++) {
        if (neverUsed(slot)) {
            yield slot;
        }
    }
    for (const slot of left) {
        if (slot >= pool.first && slot <= pool.last && free(slot)) {
            yield slot;
        }
    }
}

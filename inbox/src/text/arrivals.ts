/** Which channels something came in on since we began to look. */
interface Heard {
  name: string
  last_inbound_at: string | null
}

export function arrivals<T extends Heard>(before: readonly Heard[], now: readonly T[]): T[] {
  const known = new Map(before.map(({ name, last_inbound_at }) => [name, last_inbound_at]))
  return now.filter(({ name, last_inbound_at }) => last_inbound_at !== null && last_inbound_at !== (known.get(name) ?? null))
}

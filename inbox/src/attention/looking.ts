/** Whether somebody looks at any of this agent's tabs: each that is visible holds a lock for as long. */
const name = (agent: number): string => `yizhan-looking-${agent}`

let leave: () => void = () => undefined

export function watchLooking(agent: number, signal: AbortSignal): void {
  if (!('locks' in navigator)) return
  const seen = (): void => {
    leave()
    if (document.visibilityState !== 'visible') return
    const look = (): Promise<void> => new Promise((resolve) => (leave = resolve))
    navigator.locks.request(name(agent), { mode: 'shared' }, look).catch(() => undefined)
  }
  document.addEventListener('visibilitychange', seen, { signal })
  signal.addEventListener('abort', () => leave())
  seen()
}

export async function isLooking(agent: number): Promise<boolean> {
  if (document.visibilityState === 'visible') return true
  if (!('locks' in navigator)) return false
  const { held } = await navigator.locks.query()
  return !!held?.some((lock) => lock.name === name(agent))
}

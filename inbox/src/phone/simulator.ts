/** The telephone network of the demo: rings and hangs up like a real one, and has no sound. */
import type { Driver, SoftphoneState } from './softphone'

const WAIT = 20
const AGAIN_AFTER = 2_000
const RENEW_BEFORE = 60_000

interface Phone {
  boot: string
  rev: number
  call: { sid: string; status: string } | null
}

const STATES: Record<string, SoftphoneState> = { queued: 'ringing', ringing: 'ringing', 'in-progress': 'talking' }

/** Whose phone this is stands in the token. */
function numberIn(token: string): string {
  const payload = token.split('.')[1] ?? ''
  const { grants } = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))) as { grants: { identity: string } }
  return `client:${grants.identity}`
}

export const connect: Driver = async (pass, hooks) => {
  const base = `${pass.address}/_sim/voice`
  const phone = `${base}/phones/${encodeURIComponent(numberIn(pass.token))}`
  let call = ''
  let seen: Phone | null = null
  const stopped = new AbortController()

  async function look(): Promise<void> {
    const since = seen ? `?since=${seen.rev}&boot=${seen.boot}&wait=${WAIT}` : ''
    const answer = await fetch(phone + since, { signal: stopped.signal })
    seen = (await answer.json()) as Phone
    const state = seen.call ? STATES[seen.call.status] : undefined
    call = state ? seen.call!.sid : ''
    hooks.state(state ?? 'ready')
  }

  async function listen(): Promise<void> {
    while (!stopped.signal.aborted) {
      await look().catch(async () => {
        if (stopped.signal.aborted) return
        hooks.state('lost')
        await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER))
      })
    }
  }

  const act = (what: string, body: Record<string, unknown> = {}): void => {
    if (!call) return
    void fetch(`${base}/calls/${call}/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }).catch(() => undefined)
  }

  await look()
  void listen()
  // The token itself has no use here; that somebody asks for one tells the hub that this browser can still be rung.
  const renewing = setInterval(() => void hooks.renew().catch(() => undefined), pass.expires_in * 1_000 - RENEW_BEFORE)
  return {
    accept: () => act('answer'),
    reject: () => act('reject'),
    mute: () => undefined,
    digits: (digits) => act('press', { digits }),
    hangUp: () => act('hang_up'),
    stop: () => {
      clearInterval(renewing)
      stopped.abort()
    },
  }
}

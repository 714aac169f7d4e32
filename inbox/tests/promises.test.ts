import { describe, expect, it } from 'vitest'
import type { SlaPromise } from '@/api/types'
import { countdown, mostUrgent, standingOf } from '@/text/promises'
import { conversation, minute } from './samples'

const NOW = Date.parse(minute(30))

function promise(part: Partial<SlaPromise>): SlaPromise {
  return { target: 'first_answer', policy: 'standard', state: 'running', due_at: minute(40), left_seconds: 600, ended_at: null, ...part }
}

const paused = (left_seconds: number): SlaPromise => promise({ target: 'resolution', state: 'paused', due_at: null, left_seconds })
const of = (...sla: SlaPromise[]) => mostUrgent(conversation({ id: 1, at: minute(0), sla }))

describe('what was promised', () => {
  it('shows what is due first, before what stands still, and nothing that is over', () => {
    const late = promise({ state: 'breached', due_at: minute(20), left_seconds: -600 })
    const next = promise({ target: 'next_answer', due_at: minute(35) })
    const met = promise({ state: 'met', ended_at: minute(10), left_seconds: null, due_at: minute(12) })
    expect(of(promise({}), next)).toBe(next)
    expect(of(paused(60), next, late)).toBe(late)
    expect(of(met, paused(600))?.state).toBe('paused')
    expect(of(met)).toBeNull()
    expect(of()).toBeNull()
  })

  it.each([
    [promise({}), 'running', '10:00'],
    [promise({ due_at: minute(34) }), 'soon', '04:00'],
    [promise({ due_at: minute(30) }), 'breached', '00:00'],
    [promise({ due_at: minute(28) }), 'breached', '02:00'],
    [promise({ state: 'breached', due_at: minute(28), left_seconds: -120 }), 'breached', '02:00'],
    [promise({ due_at: new Date(NOW + 3 * 3_600_000).toISOString() }), 'running', '3h'],
    [paused(90 * 60), 'paused', '1h'],
    [paused(240), 'paused', '4m'],
    [promise({ state: 'met', ended_at: minute(20) }), 'met', ''],
  ])('counts to its end and beyond: %#', (one, standing, time) => {
    expect([standingOf(one, NOW), countdown(one, NOW, 'en')]).toEqual([standing, time])
  })
})

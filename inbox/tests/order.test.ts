import { describe, expect, it } from 'vitest'
import type { Conversation } from '@/api/types'
import { placed, VIEWS } from '@/stores/order'
import { conversation, minute } from './samples'

const ME = 1

function rows(...all: Conversation[]): Map<number, Conversation> {
  return new Map(all.map((one) => [one.id, one]))
}

describe('the order of a view', () => {
  const a = conversation({ id: 1, at: minute(30) })
  const b = conversation({ id: 2, at: minute(20) })
  const c = conversation({ id: 3, at: minute(10) })

  it('puts the conversation with the newest message on top', () => {
    const newer = conversation({ id: 3, at: minute(40) })
    expect(placed([1, 2, 3], newer, VIEWS.all, ME, rows(a, b, newer), false)).toEqual([3, 1, 2])
  })

  it('does not move a row whose message did not change', () => {
    expect(placed([1, 2, 3], { ...b, unread: 0 }, VIEWS.all, ME, rows(a, b, c), false)).toEqual([1, 2, 3])
  })

  it('drops what no longer belongs', () => {
    expect(placed([1, 2, 3], { ...b, status: 'resolved' }, VIEWS.all, ME, rows(a, b, c), false)).toEqual([1, 3])
    expect(placed([1, 2, 3], { ...b, assignee: { id: 2, name: 'Li' } }, VIEWS.mine, ME, rows(a, b, c), false)).toEqual([1, 3])
  })

  it('shows the longest wait first among those who wait', () => {
    const early = conversation({ id: 4, status: 'waiting', at: minute(50), waiting_since: minute(1) })
    const late = conversation({ id: 5, status: 'waiting', at: minute(40), waiting_since: minute(9) })
    expect(placed([5], early, VIEWS.waiting, ME, rows(early, late), false)).toEqual([4, 5])
  })

  it('shows who is most urgent before them, as they are handed out', () => {
    const early = conversation({ id: 4, at: minute(1), status: 'waiting', waiting_since: minute(1) })
    const urgent = conversation({ id: 5, at: minute(9), status: 'waiting', waiting_since: minute(9), priority: 3 })
    expect(placed([4], urgent, VIEWS.waiting, ME, rows(early, urgent), false)).toEqual([5, 4])
    expect(placed([4], urgent, { ...VIEWS.waiting, sort: 'oldest_waiting' }, ME, rows(early, urgent), false)).toEqual([4, 5])
  })

  it('puts what is due first on top where that is asked for, without those to whom nothing runs', () => {
    const due = (id: number, at: number, state: 'running' | 'paused' = 'running') =>
      conversation({ id, at: minute(1), sla: [{ target: 'next_answer', policy: 'p', state, due_at: minute(at), left_seconds: 60, ended_at: null }] })
    const [soon, late, still] = [due(4, 5), due(5, 50), due(6, 1, 'paused')]
    const filter = { ...VIEWS.all, sort: 'sla' as const }
    const all = rows(a, soon!, late!, still!)
    const list = [late!, soon!, still!, a].reduce((order, row) => placed(order, row, filter, ME, all, false), [] as number[])
    expect(list).toEqual([4, 5])
  })

  it('leaves rows beyond the loaded part to their page', () => {
    const old = conversation({ id: 4, at: minute(1) })
    expect(placed([1, 2, 3], old, VIEWS.all, ME, rows(a, b, c, old), true)).toEqual([1, 2, 3])
    expect(placed([1, 2, 3], old, VIEWS.all, ME, rows(a, b, c, old), false)).toEqual([1, 2, 3, 4])
  })

  it('keeps a filtered view to what fits it', () => {
    const filter = { ...VIEWS.all, labels: ['refund'], priority: [2, 3] }
    const tagged = conversation({ id: 4, at: minute(60), labels: ['vip', 'refund'], priority: 3 })
    expect(placed([], tagged, filter, ME, rows(tagged), false)).toEqual([4])
    expect(placed([4], { ...tagged, labels: ['vip'] }, filter, ME, rows(tagged), false)).toEqual([])
    expect(placed([4], { ...tagged, priority: 1 }, filter, ME, rows(tagged), false)).toEqual([])
  })

  it('puts the most urgent on top where that is asked for, of these the newest', () => {
    const urgent = conversation({ id: 4, at: minute(1), priority: 3 })
    const high = conversation({ id: 5, at: minute(2), priority: 2 })
    const all = rows(a, b, urgent, high)
    const filter = { ...VIEWS.all, sort: 'priority' as const }
    expect(placed(placed([1, 2], urgent, filter, ME, all, false), high, filter, ME, all, false)).toEqual([4, 5, 1, 2])
  })

  it('leaves to the hub what only the hub can tell', () => {
    expect(placed([1, 2], conversation({ id: 9, at: minute(70) }), VIEWS.mentions, ME, rows(a, b), false)).toEqual([1, 2])
    expect(placed([1, 2], conversation({ id: 2, at: minute(70) }), VIEWS.mentions, ME, rows(a, b), false)).toEqual([2, 1])
    expect(placed([1, 2], { ...b, unread: 0 }, { ...VIEWS.all, unread: true }, ME, rows(a, b), false)).toEqual([1, 2])
  })
})

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

  it('leaves rows beyond the loaded part to their page', () => {
    const old = conversation({ id: 4, at: minute(1) })
    expect(placed([1, 2, 3], old, VIEWS.all, ME, rows(a, b, c, old), true)).toEqual([1, 2, 3])
    expect(placed([1, 2, 3], old, VIEWS.all, ME, rows(a, b, c, old), false)).toEqual([1, 2, 3, 4])
  })
})

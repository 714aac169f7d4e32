import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Me } from '@/api/types'
import { useCalls } from '@/stores/calls'
import { useSession } from '@/stores/session'
import { isMissed, lengths, minutes, since } from '@/text/calls'
import { segmentsOf } from '@/text/segments'
import { filled } from '@/text/templates'
import { call, leg } from './samples'

describe('segments of a text', () => {
  // the same cases as tests/channels/twilio/test_segments.py
  it.each([
    ['', 'GSM-7', 1],
    ['a'.repeat(160), 'GSM-7', 1],
    ['a'.repeat(161), 'GSM-7', 2],
    ['a'.repeat(306), 'GSM-7', 2],
    ['a'.repeat(307), 'GSM-7', 3],
    ['€'.repeat(80), 'GSM-7', 1],
    ['€'.repeat(81), 'GSM-7', 2],
    [`${'a'.repeat(152)}€${'a'.repeat(152)}`, 'GSM-7', 3],
    ['驿'.repeat(70), 'UCS-2', 1],
    ['驿'.repeat(71), 'UCS-2', 2],
    ['驿'.repeat(134), 'UCS-2', 2],
    ['驿'.repeat(135), 'UCS-2', 3],
    ['👍'.repeat(35), 'UCS-2', 1],
    ['👍'.repeat(36), 'UCS-2', 2],
    [`${'a'.repeat(66)}👍${'a'.repeat(66)}`, 'UCS-2', 3],
    ['it’s', 'UCS-2', 1],
    ['`', 'UCS-2', 1],
    ['ç', 'UCS-2', 1],
    ['Ç', 'GSM-7', 1],
  ])('%#', (text, encoding, count) => {
    expect(segmentsOf(text)).toMatchObject({ encoding, count })
  })

  it('says what is left in the last one', () => {
    expect(segmentsOf('好的').left).toBe(68)
    expect(segmentsOf('驿'.repeat(71)).left).toBe(63)
  })
})

describe('approved texts', () => {
  it('shows what is filled, and the name of what is not', () => {
    expect(filled('订单${order}，${day}', { order: ' 88 ', day: '' })).toBe('订单88，${day}')
  })
})

describe('a call in words', () => {
  it.each([
    [0, '0:00'],
    [75_000, '1:15'],
    [3_675_000, '1:01:15'],
    [-5, '0:00'],
  ])('%i ms', (milliseconds, words) => {
    expect(minutes(milliseconds)).toBe(words)
  })

  it('knows how long they waited and talked', () => {
    const talked = call({ state: 'ended', answered_at: '2026-03-01T12:01:00Z', ended_at: '2026-03-01T12:03:00Z' })
    expect(lengths(talked)).toEqual({ waited: 30_000, talked: 120_000, whole: 180_000 })
    const lost = call({ state: 'ended', ended_at: '2026-03-01T12:01:30Z' })
    expect(lengths(lost)).toEqual({ waited: 60_000, talked: null, whole: 90_000 })
    expect(lengths(call({ direction: 'out', queued_at: null, ended_at: '2026-03-01T12:01:30Z' })).waited).toBeNull()
  })

  it('counts from when the state began', () => {
    expect(since(call())).toBe('2026-03-01T12:00:30Z')
    expect(since(call({ state: 'bot', queued_at: null }))).toBe('2026-03-01T12:00:00Z')
  })

  it('tells a missed call', () => {
    expect([isMissed(call({ outcome: 'abandoned' })), isMissed(call({ outcome: 'answered' }))]).toEqual([true, false])
  })
})

describe('the calls that go on', () => {
  const me: Me = { id: 5, name: '小林', email: 'agent@example.com', role: 'agent', teams: ['sales'] }

  beforeEach(() => {
    setActivePinia(createPinia())
    useSession().me = me
  })

  it('are those of my teams, the longest wait first', () => {
    const calls = useCalls()
    calls.hear(call({ id: 2, queued_at: '2026-03-01T12:05:00Z' }))
    calls.hear(call())
    calls.hear(call({ id: 3, team: 'returns' }))
    expect(calls.queued.map(({ id }) => id)).toEqual([1, 2])
    calls.hear(call({ state: 'ended' }))
    expect(calls.queued.map(({ id }) => id)).toEqual([2])
  })

  it('ring for me, and are mine once I am on them', () => {
    const calls = useCalls()
    calls.hear(call({ legs: [leg()] }))
    expect([calls.ringing.length, calls.mine]).toEqual([1, null])
    calls.hear(call({ state: 'talking', agent: { id: 5, name: '小林' }, legs: [leg({ state: 'answered' })] }))
    expect([calls.ringing.length, calls.mine?.id]).toEqual([0, 1])
    calls.hear(call({ state: 'talking', agent: { id: 6, name: '小李' }, legs: [leg({ state: 'ended' })] }))
    expect(calls.mine).toBeNull()
  })
})

import { describe, expect, it } from 'vitest'
import { eventSentence, rewrites } from '@/text/events'
import { joinLine, whisperTo } from '@/text/together'
import { message } from './samples'

const line = (payload: Record<string, unknown>) => message({ id: 1, direction: 'note', kind: 'event', payload })

describe('a line about a merge or a split', () => {
  it.each([
    [{ event: 'merged_in', other: 4, merge: 9 }, { merge: 9, to: null }],
    [{ event: 'split_off', into: 5, merge: 9 }, { merge: 9, to: 5 }],
    [{ event: 'split_from', other: 4, merge: 9 }, { merge: 9, to: 4 }],
    [{ event: 'merge_undone', other: 4 }, null],
  ])('%o leads to %o', (payload, expected) => expect(joinLine(line(payload))).toEqual(expected))

  it('makes the inbox read the thread again, unless all of it came just now', () => {
    expect(['merged_in', 'merged_into', 'merge_undone', 'split_off', 'split_undone'].every((event) => rewrites(line({ event })))).toBe(true)
    expect(rewrites(line({ event: 'split_from' }))).toBe(false)
  })
})

it.each([
  [{ agent: 'Li', words: 'a complaint' }, 'takenOver'],
  [{ agent: 'Li' }, 'takenOverPlain'],
  [{ agent: null, words: 'nobody was there' }, 'takenOverNobody'],
])('says who took over with %o as %s', (part, key) =>
  expect(eventSentence({ event: 'taken_over', by: 'Sue', ...part }).key).toBe(key),
)

it('knows for whom a note is meant', () => {
  const payload = { whisper_to: { id: 3, name: 'Li' } }
  expect(whisperTo(message({ id: 1, direction: 'note', payload }))).toEqual({ id: 3, name: 'Li' })
  expect(whisperTo(message({ id: 1, direction: 'in', payload }))).toBeNull()
  expect(whisperTo(message({ id: 1, direction: 'note' }))).toBeNull()
})

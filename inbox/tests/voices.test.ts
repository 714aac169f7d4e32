import { describe, expect, it } from 'vitest'
import type { Attachment, Message } from '@/api/types'
import { hasVoice, voiceMeant } from '@/text/voices'
import { message } from './samples'

const file = (part: Partial<Attachment>): Attachment =>
  ({ id: 1, name: 'a', mime: 'audio/mpeg', size: 1, url: '/a', state: 'ready', ...part }) as Attachment
const voice = (id: number, part: Partial<Attachment> = {}): Message => message({ id, kind: 'audio', attachments: [file(part)] })

describe('the voice that is meant', () => {
  const thread = [voice(1), message({ id: 2 }), voice(3), voice(4), message({ id: 5 }), voice(6)]

  it.each([
    ['the only one in view', [1, 2], 1],
    ['the newest in view', [2, 3, 4, 5], 4],
    ['the newest of all where none is in view', [2, 5], 6],
    ['the newest of all where nothing is', [], 6],
  ])('is %s', (_, seen, id) => {
    expect(voiceMeant(thread, (one) => seen.includes(one))).toBe(id)
  })

  it('is none where there is none', () => {
    expect(voiceMeant([message({ id: 1 })], () => true)).toBe(null)
  })

  it.each<[string, boolean, Partial<Attachment>]>([
    ['here', true, {}],
    ['of a type with parameters', true, { mime: 'audio/ogg; codecs=opus' }],
    ['a picture', false, { mime: 'image/png' }],
    ['on its way', false, { state: 'pending', url: null }],
    ['lost', false, { state: 'failed' }],
    ['without an address', false, { url: null }],
  ])('can be heard or not: it is %s', (_, heard, part) => {
    expect(hasVoice(voice(1, part))).toBe(heard)
  })
})

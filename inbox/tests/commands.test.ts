import { describe, expect, it } from 'vitest'
import { matching, NAMES } from '@/commands'
import { isOffered, perform, useCommands } from '@/composables/shortcuts'
import { effectScope } from 'vue'
import english from '../src/locales/en/palette.json?raw'
import chinese from '../src/locales/zh-CN/palette.json?raw'

type Words = Record<string, Record<string, Record<string, string>>>
const SENTENCES = [JSON.parse(chinese), JSON.parse(english)] as Words[]

const texts = (name: string): string[] => {
  const [group, one] = name.split('.') as [string, string]
  return SENTENCES.flatMap((each) => [each.command![group]![one]!, each.words![group]![one]!]).map((text) => text.toLowerCase())
}

describe('the palette', () => {
  const all = NAMES.map((name) => ({ name, texts: texts(name) }))

  it('has a name and other words in both languages for each command', () => {
    for (const { name, texts } of all) expect(texts.every(Boolean), name).toBe(true)
  })

  it.each([
    ['\u89e3\u51b3', 'act.resolve'],
    ['jj', 'act.resolve'],
    ['RESOLVE', 'act.resolve'],
    ['dark', 'theme.dark'],
    ['sbxx', 'place.failed'],
    ['show waiting', 'view.waiting'],
    ['kjj', 'act.help'],
  ])('finds by %s', (written, name) => {
    expect(matching(all, written)[0]?.name).toBe(name)
  })

  it('finds nothing where nothing is', () => {
    expect(matching(all, 'qqqq')).toEqual([])
  })

  it('offers what a page offers, while it is there', () => {
    const scope = effectScope()
    let done = 0
    scope.run(() => useCommands(() => ({ reopen: () => void (done += 1) })))
    expect(isOffered('reopen')).toBe(true)
    perform('reopen')
    expect(done).toBe(1)
    scope.stop()
    expect(isOffered('reopen')).toBe(false)
  })
})

/** The composer's own decisions: what opens a list, which key sends, which gaps are left. */
import { describe, expect, it } from 'vitest'
import type { Canned } from '@/api/canned'
import { replace, triggerAt, type Mark } from '@/text/caret'
import { draftOf, formOf, isWhole, newStep } from '@/text/drafting'
import { find } from '@/text/emoji'
import { gapsIn, pieces } from '@/text/gaps'
import { isCommand, sends } from '@/text/keys'

const ALL: Mark[] = ['canned', 'people', 'emoji']

/** The caret stands at the end, or at the bar. */
function at(text: string, marks: readonly Mark[] = ALL): string {
  const caret = text.includes('|') ? text.indexOf('|') : text.length
  const found = triggerAt(text.replace('|', ''), caret, marks)
  return found ? `${found.mark} ${found.from} ${found.query}` : ''
}

describe('what opens a list', () => {
  it.each([
    ['/', 'canned 0 '],
    ['/tk', 'canned 0 tk'],
    ['您好，/tk', 'canned 3 tk'],
    ['您好/tk', 'canned 2 tk'],
    ['您好 /退款', 'canned 3 退款'],
    ['／tk', 'canned 0 tk'],
    ['one\n/refund', 'canned 4 refund'],
    ['/tk| 之后', 'canned 0 tk'],
    ['(/tk', 'canned 1 tk'],
    ['@xl', 'people 0 xl'],
    ['请 @小林', 'people 2 小林'],
    ['请@xl', 'people 1 xl'],
    [':smile', 'emoji 0 smile'],
    ['好的:xiao', 'emoji 2 xiao'],
  ])('%j does', (text, found) => expect(at(text)).toBe(found))

  it.each([
    '', 'tk', 'https://', 'https://shop.cn/tk', '24/7', '9/21', 'and/or', '男/女', '/tk ', '/tk/', '/ tk', 'a@b', 'lin@shop.cn',
    '10:30', '时间：xiao', '时间:下午', ':', ':s', 'a:bc', `/${'x'.repeat(40)}`,
  ])('%j does not', (text) => expect(at(text)).toBe(''))

  it('is what the mode offers', () => {
    expect(at('@xl', ['canned', 'emoji'])).toBe('')
    expect(at('请 @xl', ['people'])).toBe('people 2 xl')
  })
})

describe('putting it in', () => {
  function box(text: string): HTMLTextAreaElement {
    const made = document.createElement('textarea')
    document.body.append(made)
    made.value = text
    return made
  }

  it('takes the place of what was spelled, and nothing else', () => {
    const area = box('您好 /tk，谢谢')
    let told = 0
    area.addEventListener('input', () => (told += 1))
    replace(area, 3, 6, '三天内到账')
    expect(area.value).toBe('您好 三天内到账，谢谢')
    expect(told).toBe(1)
  })

  it('several times in one message', () => {
    const area = box('/a /b')
    replace(area, 3, 5, '二')
    replace(area, 0, 2, '一')
    expect(area.value).toBe('一 二')
  })
})

describe('gaps', () => {
  it.each([
    ['{customer.name}，您好', ['customer.name']],
    ['{date} {context.order.number} {date}', ['date', 'context.order.number', 'date']],
    ['{} {name} { date } {dates} {customer}', []],
    ['王小明，您好', []],
  ])('%j has %j', (text, names) => expect(gapsIn(text).map(({ name }) => name)).toEqual(names))

  it('stand where they stand', () => expect(gapsIn('订单 {context.order}。')).toEqual([{ name: 'context.order', from: 3, to: 18 }]))

  it('cut the text', () => expect(pieces('a{date}b')).toEqual(['a', '{date}', 'b']))
})

describe('keys', () => {
  const key = (init: KeyboardEventInit): KeyboardEvent => new KeyboardEvent('keydown', { key: 'Enter', ...init })

  it.each([
    ['Enter', {}, true, false],
    ['Ctrl', { ctrlKey: true }, true, true],
    ['⌘', { metaKey: true }, true, true],
    ['Shift', { shiftKey: true }, false, false],
    ['Alt', { altKey: true }, false, false],
    ['in pinyin', { isComposing: true }, false, false],
    ['Ctrl in pinyin', { isComposing: true, ctrlKey: true }, false, false],
    ['old input methods', { keyCode: 229 }, false, false],
    ['another key', { key: 'a', ctrlKey: true }, false, false],
  ] as [string, KeyboardEventInit, boolean, boolean][])('%s', (_, init, byEnter, byCtrl) => {
    expect([sends(key(init), 'enter'), sends(key(init), 'ctrl')]).toEqual([byEnter, byCtrl])
  })

  it('commands are Ctrl or ⌘ and a letter, whatever it means on this keyboard', () => {
    expect(isCommand(key({ key: 'г', code: 'KeyU', ctrlKey: true }), 'KeyU')).toBe(true)
    expect(isCommand(key({ code: 'KeyU', metaKey: true }), 'KeyU')).toBe(true)
    expect(isCommand(key({ code: 'KeyU', ctrlKey: true, shiftKey: true }), 'KeyU')).toBe(false)
    expect(isCommand(key({ code: 'KeyN', ctrlKey: true, shiftKey: true }), 'KeyN', true)).toBe(true)
    expect(isCommand(key({ code: 'KeyU' }), 'KeyU')).toBe(false)
  })
})

describe('emoji', () => {
  it.each([
    ['weixiao', 'zh-CN', '🙂', '微笑'],
    ['wx', 'zh-CN', '🙂', '微笑'],
    ['smile', 'en', '🙂', 'smile'],
    ['GX', 'zh-CN', '🙏', '感谢'],
  ])('%s finds it', (query, locale, sign, name) => expect(find(query, locale)).toContainEqual(expect.objectContaining({ sign, name })))

  it('finds nothing where nothing is called so', () => expect(find('qqqq', 'en')).toEqual([]))
})

describe('what is written in the settings', () => {
  const macro: Canned = {
    id: '7', kind: 'macro', title: '转退货', title_en: null, text: '', text_en: null, gaps: [], keywords: ['th'], team: 'returns', file: null, line: null,
    updated_by: null, updated_at: null, editable: true,
    actions: [{ do: 'reply', said: '好的', said_en: null }, { do: 'snooze', said: '1d', said_en: null }, { do: 'resolve', said: '', said_en: null }],
  }

  it('comes back as it went', () =>
    expect(draftOf(formOf(macro))).toEqual({
      title: '转退货', keywords: ['th'], team: 'returns', actions: [{ reply: '好的' }, { snooze: '1d' }, { resolve: true }],
    }))

  it('says how it ended', () => {
    const form = { ...formOf('macro'), steps: [newStep('resolve', 'solved')] }
    expect(draftOf(form).actions).toEqual([{ resolve: 'solved' }])
  })

  it('has keywords between spaces and commas of both scripts', () =>
    expect(draftOf({ ...formOf('reply'), title: ' 催单 ', text: ' 好 ', keywords: 'a b，c、d,' })).toEqual({
      title: '催单', text: '好', keywords: ['a', 'b', 'c', 'd'], team: null,
    }))

  it.each([
    ['nothing', formOf('reply'), false],
    ['no text', { ...formOf('reply'), title: 'a' }, false],
    ['no title', { ...formOf('reply'), text: 'a' }, false],
    ['a text', { ...formOf('reply'), title: 'a', text: 'b' }, true],
    ['an empty step', { ...formOf('macro'), title: 'a' }, false],
    ['no step', { ...formOf('macro'), title: 'a', steps: [] }, false],
    ['an end', { ...formOf('macro'), title: 'a', steps: [newStep('resolve')] }, true],
  ])('%s', (_, form, whole) => expect(isWhole(form)).toBe(whole))
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CUTS, foldOf, FOLDS, headingOf, linesOf, mailOf, newSubjects, plainSubject, recipientsIn, wrongIn } from '@/text/mails'
import { timeline } from '@/text/timeline'
import { message } from './samples'

const mail = (id: number, subject: string, payload: Record<string, unknown> = {}) => message({ id, payload: { subject, ...payload } })

describe('a message', () => {
  it('is a mail when it has a subject, even an empty one', () => {
    expect(mailOf(mail(1, ''))).not.toBeNull()
    expect(mailOf(message({ id: 1 }))).toBeNull()
    expect(mailOf(message({ id: 1, payload: { subject: 7 } }))).toBeNull()
    expect(mailOf(message({ id: 1, direction: 'note', payload: { subject: 'x' } }))).toBeNull()
  })

  it('shows of a payload only what can be relied on', () => {
    const odd = { from: 'A@x.cn', name: {}, to: ['b@x.cn', 3, null], cc: 'c@x.cn', reply_to: ['a@X.cn', 'd@x.cn'], html: 'yes', cut: 'in_two', bounce: 'b', refused: [] }
    expect(mailOf(mail(1, ' Hello ', odd))).toEqual({
      subject: 'Hello', from: 'A@x.cn', name: '', to: ['b@x.cn', '3'], cc: [], bcc: [], replyTo: ['d@x.cn'], whole: '', html: false,
      forged: false, encrypted: false, cut: null, returned: null, refused: [], fold: null,
    })
  })

  it('tells how it was cut, what came back, and which copies did not get there', () => {
    expect(mailOf(mail(1, '', { cut: 'too_large', size: 40_000_000 }))?.cut).toEqual({ why: 'too_large', size: 40_000_000 })
    expect(mailOf(mail(1, '', { bounce: { recipients: ['b@x.cn'], status: '5.1.1' } }))?.returned).toEqual({ recipients: ['b@x.cn'], status: '5.1.1' })
    expect(mailOf(mail(1, '', { refused: { 'b@x.cn': 'full' } }))?.refused).toEqual([{ address: 'b@x.cn', reason: 'full' }])
  })
})

describe('what stays folded', () => {
  it.each([
    [{}, null],
    [{ no_answer: 'nobody', forged: true }, null],
    [{ no_answer: 'machine' }, null],
    [{ auto_reply: true, no_answer: 'auto_reply' }, 'auto_reply'],
    [{ auto_reply: true, bounce: { recipients: [], status: '' }, no_answer: 'bounce' }, 'bounce'],
    [{ bounce: null }, null],
    [{ own: true, list: true }, 'own'],
    [{ own: false, no_answer: 'loop' }, 'loop'],
    [{ spam: true }, 'spam'],
    [{ bulk: true }, 'list'],
    [{ list: true }, 'list'],
  ])('%j: %s', (payload, fold) => {
    expect(foldOf(payload)).toBe(fold)
  })

  it('is never what we sent', () => {
    expect(mailOf({ ...mail(1, '', { bulk: true }), direction: 'out' })?.fold).toBeNull()
  })

  it('has a word each, and so has what was cut', () => {
    for (const locale of ['zh-CN', 'en']) {
      const { mail } = JSON.parse(readFileSync(join(import.meta.dirname, `../src/locales/${locale}/thread.json`), 'utf8')) as {
        mail: Record<string, object>
      }
      expect(Object.keys(mail.fold!)).toEqual(expect.arrayContaining([...FOLDS]))
      expect(Object.keys(mail.cut!)).toEqual([...CUTS])
    }
  })
})

describe('subjects', () => {
  it.each([
    ['Order 7', 'order 7'],
    ['RE: Re: order  7 ', 'order 7'],
    ['回复：答复: Order 7', 'order 7'],
    ['转发：Fwd: FW: Order 7', 'order 7'],
    ['AW: Re[2]: Order 7', 'order 7'],
    ['Re: Order 7 [#12]', 'order 7'],
    ['[工单#12] Re: Order 7', 'order 7'],
    ['自动回复: Order 7', 'order 7'],
    ['Automatic reply: Order 7', 'order 7'],
    ['Regarding: order 7', 'regarding: order 7'],
    ['[#x] a', '[#x] a'],
    ['Re:', ''],
  ])('%s is about %s', (subject, plain) => {
    expect(plainSubject(subject)).toBe(plain)
  })

  it('are shown first, and where the talk turns to something else', () => {
    const messages = [
      message({ id: 1 }),
      mail(2, 'Order 7'),
      message({ id: 3, direction: 'note', payload: { subject: 'Order 9' } }),
      { ...mail(4, 'Re: Order 7 [#12]'), direction: 'out' as const },
      mail(5, 'Order 8'),
      mail(6, '回复：Order 8'),
      mail(7, 'Undelivered mail', { bounce: {} }),
      mail(8, 'Re: Order 8'),
      mail(9, 'Re: Order 7'),
    ]
    const shown = [[2, 'Order 7'], [5, 'Order 8'], [7, 'Undelivered mail'], [9, 'Re: Order 7']]
    expect([...newSubjects(messages)]).toEqual(shown)
    const items = timeline(messages, [], null, false)
    expect(items.flatMap((item) => (item.type === 'message' && item.subject ? [[item.message.id, item.subject]] : []))).toEqual(shown)
  })
})

describe('recipients', () => {
  it.each([
    ['', [], []],
    ['a@x.cn', ['a@x.cn'], []],
    [' a@x.cn, b@x.cn;c@x.cn\nd@x.cn e@x.cn ', ['a@x.cn', 'b@x.cn', 'c@x.cn', 'd@x.cn', 'e@x.cn'], []],
    ['a@x.cn，b@x.cn；c@x.cn、d@x.cn', ['a@x.cn', 'b@x.cn', 'c@x.cn', 'd@x.cn'], []],
    ['王小明 <ming@x.cn>, "Li, Na" <na@x.cn>; <z@x.cn>', ['ming@x.cn', 'na@x.cn', 'z@x.cn'], []],
    ['a@x.cn, A@X.cn', ['A@X.cn'], []],
    ['a@x.cn B <b@x.cn>', ['a@x.cn', 'b@x.cn'], ['B']],
    ['"a@x.cn" <b@x.cn>', ['b@x.cn'], []],
    ['a@x.cn, nobody, b@', ['a@x.cn'], ['nobody', 'b@']],
    ['a@b@c', [], ['a@b@c']],
    ['Ming <ming>', [], ['ming']],
    ['客服@例子.中国', ['客服@例子.中国'], []],
  ])('%j: %j, wrong %j', (written, addresses, wrong) => {
    expect(recipientsIn(written)).toEqual({ addresses, wrong })
  })

  it('are all wrong ones of several lines', () => {
    expect(wrongIn('a@x.cn, b', undefined, 'c')).toEqual(['b', 'c'])
  })

  it('are read in no time, however odd', () => {
    const started = performance.now()
    recipientsIn('"'.repeat(20_000) + '<'.repeat(20_000) + ' @'.repeat(20_000))
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('the head of an answer', () => {
  it('has only what was typed, and no empty subject', () => {
    expect(headingOf({})).toEqual({})
    expect(headingOf({ cc: '', bcc: ' ', subject: ' ' })).toEqual({ cc: [] })
    expect(headingOf({ cc: 'a@x.cn; b@x.cn', bcc: 'c@x.cn', subject: ' Order 7 ' })).toEqual({
      cc: ['a@x.cn', 'b@x.cn'],
      bcc: ['c@x.cn'],
      subject: 'Order 7',
    })
  })

  it('comes back into words for a mail that never left', () => {
    expect(linesOf({ cc: ['a@x.cn', 'b@x.cn'], subject: 'Order 7' })).toEqual({ cc: 'a@x.cn, b@x.cn', subject: 'Order 7' })
    expect(linesOf(headingOf({ cc: '' }))).toEqual({ cc: '' })
    expect(linesOf({})).toEqual({})
  })
})

import { describe, expect, it } from 'vitest'
import type { Attribute } from '@/api/contacts'
import { changedAttributes } from '@/text/attributes'
import { byDay } from '@/text/days'

const attribute = (id: string, form: Attribute['form']): Attribute => ({ id, zh: id, en: id, form, choices: [] })
const ALL = [attribute('company', 'text'), attribute('orders', 'number'), attribute('vip', 'yes_no'), attribute('birthday', 'date')]

describe('attributes of a form', () => {
  it.each([
    ['nothing changed', { company: 'ACME', vip: 'true' }, { company: 'ACME', vip: true }, {}],
    ['a new text, trimmed', { company: ' ACME ' }, {}, { company: 'ACME' }],
    ['a number from a number field', { orders: 3 }, {}, { orders: 3 }],
    ['no is not nothing', { vip: 'false' }, {}, { vip: false }],
    ['taken away', { company: '' }, { company: 'ACME' }, { company: null }],
    ['what the form does not have stays', {}, { other: 'x' }, {}],
  ] as const)('%s', (_, written, before, changed) => expect(changedAttributes(ALL, written, before)).toEqual(changed))
})

describe('days', () => {
  it('cuts a list where the day changes', () => {
    const at = (day: number, hour: number): string => new Date(2026, 10, day, hour).toISOString()
    const days = byDay([at(2, 9), at(2, 1), at(1, 23)], (time) => time)
    expect(days.map(({ items }) => items.length)).toEqual([2, 1])
  })
  it('is empty for nothing', () => expect(byDay([], String)).toEqual([]))
})

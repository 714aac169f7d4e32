/** What ops ask agents to note of customers: asked for once. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { contacts, type Attribute, type AttributeValue } from '@/api/contacts'
import { i18n } from '@/i18n'

export const useAttributes = defineStore('attributes', () => {
  const all = shallowRef<Attribute[]>([])
  let asked: Promise<void> | undefined

  const load = (): Promise<void> =>
    (asked ??= contacts.attributes().then(
      ({ items }) => void (all.value = items),
      () => void (asked = undefined),
    ))

  const labelOf = ({ zh, en }: Attribute): string => (String(i18n.global.locale.value).startsWith('zh') ? zh : en)

  /** Those that are noted, in the order of the file; what is no longer in it comes last, by its id. */
  function noted(values: Record<string, AttributeValue> | undefined): { attribute: Attribute; value: AttributeValue }[] {
    const given = { ...values }
    const known = all.value.filter(({ id }) => id in given).map((attribute) => ({ attribute, value: given[attribute.id]! }))
    const others = Object.entries(given)
      .filter(([id]) => !all.value.some((attribute) => attribute.id === id))
      .map(([id, value]) => ({ attribute: { id, zh: id, en: id, form: 'text' as const, choices: [] }, value }))
    return [...known, ...others]
  }

  return { all, load, labelOf, noted }
})

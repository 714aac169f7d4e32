/** What is written into the fields of a form, as the hub keeps it. */
import type { Attribute, AttributeValue } from '@/api/contacts'

/** Of the fields that were changed the new values; null takes one away. */
export function changedAttributes(
  all: readonly Attribute[],
  written: Readonly<Record<string, string | number>>,
  before: Readonly<Record<string, AttributeValue>>,
): Record<string, AttributeValue | null> {
  const changed: Record<string, AttributeValue | null> = {}
  for (const attribute of all) {
    const value = valueOf(attribute, String(written[attribute.id] ?? '').trim())
    if (value !== (before[attribute.id] ?? null)) changed[attribute.id] = value
  }
  return changed
}

function valueOf({ form }: Attribute, text: string): AttributeValue | null {
  if (!text) return null
  if (form === 'number') return Number(text)
  return form === 'yes_no' ? text === 'true' : text
}

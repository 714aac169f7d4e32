/** An entry of the audit trail, for people. */
import type { AuditEntry } from '@/api/settings'

/** The facts beside the action, as they were noted: "role: admin". */
export const detailsOf = ({ detail }: AuditEntry): string[] =>
  Object.entries(detail)
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)

/** Where it can be looked at. */
export function linkOf({ subject }: AuditEntry): string | null {
  const [kind, id] = subject.split(' ')
  return kind === 'conversation' ? `/inbox/all/${id}` : null
}

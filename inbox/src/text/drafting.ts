/** A ready-made text, or a macro, as it stands in the form where it is written. */
import type { ActionName, Canned, CannedDraft } from '@/api/canned'

export interface Step {
  key: number
  do: ActionName
  said: string
}

export interface Form {
  kind: Canned['kind']
  title: string
  text: string
  steps: Step[]
  keywords: string
  /** '' is my own. */
  team: string
}

export const ACTIONS: readonly ActionName[] = ['reply', 'note', 'label', 'priority', 'team', 'assign', 'snooze', 'resolve']
/** Those that are texts with gaps. */
export const isText = (name: ActionName): boolean => name === 'reply' || name === 'note'
export const PRIORITIES = ['low', 'normal', 'high', 'urgent'] as const
export const SNOOZES = ['message', '1h', '2h', '4h', '1d', '3d', '7d'] as const
const FIRST: Partial<Record<ActionName, string>> = { assign: 'me', snooze: '1d', team: 'everyone', priority: 'high' }

let lastKey = 0

export const newStep = (name: ActionName, said = FIRST[name] ?? ''): Step => ({ key: (lastKey += 1), do: name, said })

export function formOf(from: Canned | Canned['kind']): Form {
  if (typeof from === 'string') return { kind: from, title: '', text: '', steps: from === 'macro' ? [newStep('reply')] : [], keywords: '', team: '' }
  return {
    kind: from.kind,
    title: from.title,
    text: from.text,
    steps: from.actions.map((action) => newStep(action.do, action.said)),
    keywords: from.keywords.join(' '),
    team: from.team ?? '',
  }
}

export function draftOf(form: Form): CannedDraft {
  const common = {
    title: form.title.trim(),
    keywords: form.keywords.split(/[\s,\uFF0C\u3001]+/).filter(Boolean),
    team: form.team || null,
  }
  if (form.kind === 'reply') return { ...common, text: form.text.trim() }
  return { ...common, actions: form.steps.map((step) => ({ [step.do]: step.said.trim() || step.do === 'resolve' })) }
}

export function isWhole(form: Form): boolean {
  if (!form.title.trim()) return false
  if (form.kind === 'reply') return form.text.trim() !== ''
  return form.steps.length > 0 && form.steps.every((step) => step.do === 'resolve' || step.said.trim() !== '')
}

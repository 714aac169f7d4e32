/** Why routing gave a conversation to somebody, as the line of the timeline carries it. */
import { word } from './payloads'

export interface Why {
  strategy: string
  team: string
  overflowOf: string
  priority: number
  /** Seconds in the queue. */
  waited: number
  /** Per cent of what they can carry, with this one. */
  load: number
  skills: { skill: string; level: number; wanted: number }[]
  previous: boolean
  skipped: { name: string; reason: string }[]
  agent: number
}

export const STRATEGIES = ['least_busy', 'round_robin', 'last_agent_first']
export const SKIPPED = ['away', 'busy', 'full', 'skill', 'passed_over']

export function whyOf(payload: Record<string, unknown>): Why | null {
  const why = payload.why as Record<string, unknown> | undefined
  if (!why || typeof why !== 'object') return null
  return {
    strategy: word(why.strategy),
    team: word(why.team),
    overflowOf: word(why.overflow_of),
    priority: Number(why.priority ?? 1),
    waited: Number(why.waited ?? 0),
    load: Number(why.load ?? 0),
    skills: Array.isArray(why.skills) ? why.skills : [],
    previous: why.previous === true,
    skipped: Array.isArray(why.skipped) ? why.skipped : [],
    agent: Number(payload.agent_id ?? 0),
  }
}

/** What happened in a conversation besides messages: which sentence says it, and with which words. */
import type { Message } from '@/api/types'
import { nameIn, word } from './payloads'

export interface Sentence {
  key: string
  values: Record<string, string>
}

type Payload = Record<string, unknown>

/** Sentences that depend on what the event carries; all others are named like their event. */
const VARIANTS = new Map<string, (payload: Payload) => string>(Object.entries({
  assigned: (payload) => (nameIn(payload.to) || nameIn(payload.agent) ? 'assigned' : 'unassigned'),
  entered: ({ scene }) => (word(scene) ? 'enteredByScan' : 'entered'),
  followed: ({ scene }) => (word(scene) ? 'followedByScan' : 'followed'),
  menu: ({ key, scanned }) => (word(scanned) ? 'menuScanned' : word(key) ? 'menuKey' : 'menu'),
  held: ({ by }) => (nameIn(by) ? 'heldBy' : 'held'),
  recording_erased: () => 'recordingErased',
  call_queued: () => 'callQueued',
  call_ringing_agents: () => 'callRinging',
  call_taken: () => 'callTaken',
  call_held: () => 'callHeld',
  call_resumed: () => 'callResumed',
  call_transfer: () => 'callTransfer',
  call_transfer_failed: () => 'callTransferFailed',
  callback_requested: () => 'callbackRequested',
  missed_call: () => 'missedCall',
  contact_blocked: () => 'contactBlocked',
  opted_out: () => 'optedOut',
  opted_in: () => 'optedIn',
  given_back: () => 'givenBack',
  sla_warned: () => 'slaWarned',
  sla_breached: () => 'slaBreached',
  merged_in: () => 'mergedIn',
  merged_into: () => 'mergedInto',
  merge_undone: () => 'mergeUndone',
  split_from: () => 'splitFrom',
  split_off: () => 'splitOff',
  split_undone: () => 'splitUndone',
  taken_over: ({ agent, words }) => (nameIn(agent) ? (word(words) ? 'takenOver' : 'takenOverPlain') : 'takenOverNobody'),
  snoozed: ({ until }) => (word(until) ? 'snoozedUntil' : 'snoozedUntilWritten'),
  woke: ({ why }) => ({ time: 'wokeByTime', message: 'wokeByMessage', call: 'wokeByCall' })[word(why)] ?? 'wokeByTime',
  resolved: ({ disposition }) => (word(disposition) ? 'resolvedAs' : 'resolved'),
  labelled: ({ added, removed }) => (!namesIn(removed).length ? 'labelled' : namesIn(added).length ? 'relabelled' : 'unlabelled'),
  erased: ({ what }) => {
    const parts = erasedParts(what)
    return !parts.length || parts.includes('everything') ? 'erased' : 'erasedParts'
  },
}))

export const EVENTS = [
  'claimed', 'assigned', 'unassigned', 'handed_over', 'handed_to_bot', 'resolved', 'reopened', 'entered',
  'enteredByScan', 'followed', 'followedByScan', 'left', 'menu', 'menuKey', 'menuScanned', 'held', 'heldBy', 'released',
  'erased', 'erasedParts', 'merged', 'unmerged', 'began', 'came_back', 'optedOut', 'optedIn', 'blocked', 'recordingErased',
  'callQueued', 'callRinging', 'callTaken', 'callHeld', 'callResumed', 'callTransfer', 'callTransferFailed',
  'callbackRequested', 'missedCall', 'voicemail', 'reminded', 'givenBack', 'macro',
  'slaWarned', 'slaBreached', 'discarded', 'rerouted', 'rated', 'contactBlocked',
  'mergedIn', 'mergedInto', 'mergeUndone', 'splitFrom', 'splitOff', 'splitUndone', 'takenOver', 'takenOverPlain', 'takenOverNobody',
  'snoozedUntil', 'snoozedUntilWritten', 'wokeByTime', 'wokeByMessage', 'wokeByCall', 'resolvedAs', 'labelled', 'unlabelled', 'relabelled',
  'prioritised',
]

/** Of things in a list. */
export const namesIn = (value: unknown): string[] => (Array.isArray(value) ? value.map(word).filter(Boolean) : [])

export const ERASABLE = ['everything', 'name', 'phone', 'address', 'email', 'location', 'files', 'other']

export function erasedParts(what: unknown): string[] {
  const parts = Array.isArray(what) ? what : [what]
  return parts.map(word).filter(Boolean)
}

/** An event of a newer hub still shows as a line, with the hub's own word. */
export function eventSentence(payload: Payload): Sentence {
  const event = word(payload.event)
  const name = VARIANTS.get(event)?.(payload) ?? event
  if (!EVENTS.includes(name)) return { key: event ? 'other' : 'unnamed', values: { event } }
  return {
    key: name,
    values: {
      to: nameIn(payload.to) || nameIn(payload.agent),
      by: nameIn(payload.by),
      scene: word(payload.scene),
      key: word(payload.key),
      scanned: word(payload.scanned),
      agents: Array.isArray(payload.agents) ? payload.agents.map(word).join(', ') : '',
      title: word(payload.title),
      channel: word(payload.channel),
      number: word(payload.number),
      seconds: word(payload.seconds),
      waited: word(payload.waited),
      words: word(payload.words),
    },
  }
}

const eventOf = (message: Message): string => (message.kind === 'event' ? word(message.payload.event) : '')

const REWRITES = ['erased', 'merged', 'unmerged', 'merged_in', 'merged_into', 'merge_undone', 'split_off', 'split_undone']

/** After these, what we hold of the thread is no longer what the hub has. */
export const rewrites = (message: Message): boolean => REWRITES.includes(eventOf(message))

/** Whom the hub reminds by this line that a customer waits for them. */
export const remindedIn = (message: Message): { id: number } | null =>
  eventOf(message) === 'reminded' ? { id: Number(message.payload.agent_id) } : null

/** The departure at which erasing is offered: the last one, unless the customer came back or is erased already. */
export function departure(messages: readonly Message[]): number | null {
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index]!
    const event = eventOf(message)
    if (event === 'left') return message.id
    if (message.direction === 'in' || event === 'followed' || event === 'erased') return null
  }
  return null
}

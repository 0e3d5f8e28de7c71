import { Badge, type MantineColor } from '@mantine/core'
import IconBan from '@tabler/icons-react/dist/esm/icons/IconBan.mjs'
import IconCircle from '@tabler/icons-react/dist/esm/icons/IconCircle.mjs'
import IconCircleCheck from '@tabler/icons-react/dist/esm/icons/IconCircleCheck.mjs'
import IconClock from '@tabler/icons-react/dist/esm/icons/IconClock.mjs'
import IconExclamation from '@tabler/icons-react/dist/esm/icons/IconExclamationCircle.mjs'
import IconProgress from '@tabler/icons-react/dist/esm/icons/IconProgress.mjs'

const tones = {
  good: { color: 'teal', icon: IconCircleCheck },
  busy: { color: 'blue', icon: IconProgress },
  waiting: { color: 'yellow', icon: IconClock },
  bad: { color: 'red', icon: IconExclamation },
  over: { color: 'gray', icon: IconBan },
  quiet: { color: 'gray', icon: IconCircle },
} satisfies Record<string, { color: MantineColor; icon: typeof IconBan }>

export type Tone = keyof typeof tones

/** A state as icon, text and colour: never by colour alone. */
export function Status({ tone, children }: { tone: Tone; children: string }) {
  const { color, icon: Icon } = tones[tone]
  return (
    <Badge
      color={color}
      leftSection={<Icon size={14} aria-hidden />}
      styles={{ root: { flexShrink: 0 }, label: { overflow: 'visible' } }}
    >
      {children}
    </Badge>
  )
}

import { Badge, Box, VisuallyHidden } from '@mantine/core'
import IconAlertOctagon from '@tabler/icons-react/dist/esm/icons/IconAlertOctagon.mjs'
import IconAlertTriangle from '@tabler/icons-react/dist/esm/icons/IconAlertTriangle.mjs'
import IconInfoCircle from '@tabler/icons-react/dist/esm/icons/IconInfoCircle.mjs'
import { useSay } from '../i18n'
import type { SeverityName } from './api'
import { severityWords } from './words'

const looks = {
  info: { color: 'blue', icon: IconInfoCircle },
  warning: { color: 'yellow', icon: IconAlertTriangle },
  critical: { color: 'red', icon: IconAlertOctagon },
}

export function Severity({ of, iconOnly }: { of: string; iconOnly?: boolean }) {
  const say = useSay(severityWords)
  const text = of in looks ? say(of as SeverityName) : of
  const { color, icon: Icon } = looks[of as SeverityName] ?? looks.info
  if (iconOnly) {
    return (
      <Box c={`var(--mantine-color-${color}-light-color)`} component="span" lh={0}>
        <Icon size={16} aria-hidden />
        <VisuallyHidden>{text}</VisuallyHidden>
      </Box>
    )
  }
  return (
    <Badge color={color} leftSection={<Icon size={14} aria-hidden />}>
      {text}
    </Badge>
  )
}

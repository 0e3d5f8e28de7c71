import {
  Alert,
  Box,
  Button,
  Code,
  Group,
  Modal,
  PasswordInput,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { meQuery, useMe } from '../api/session'
import { useSay } from '../i18n'
import { Dialog } from '../ui/Dialog'
import { useSendForm } from '../ui/form'
import { Copy, ProblemNote } from '../ui/Problem'
import { Section } from '../ui/Section'
import { Status } from '../ui/Status'
import { uiWords } from '../ui/words'
import { confirmTotp, disableTotp, startTotp } from './api'
import { settingWords } from './words'

export function TotpSection() {
  const say = useSay(settingWords)
  const client = useQueryClient()
  const { member } = useMe()
  const [isDisabling, setIsDisabling] = useState(false)
  const [codes, setCodes] = useState<string[]>()
  const start = useMutation({ mutationFn: startTotp })
  const changed = () => client.invalidateQueries({ queryKey: meQuery.queryKey })
  return (
    <Section
      title={say('totp.title')}
      actions={
        <Status tone={member.totp_enabled ? 'good' : 'waiting'}>
          {member.totp_enabled ? say('totp.on') : say('totp.off')}
        </Status>
      }
    >
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{say('totp.text')}</Text>
        {member.totp_enabled ? (
          <Button variant="default" onClick={() => setIsDisabling(true)}>
            {say('totp.disable')}
          </Button>
        ) : (
          <Button loading={start.isPending} onClick={() => start.mutate()}>
            {say('totp.start')}
          </Button>
        )}
        <ProblemNote error={start.error} />
      </Stack>
      {start.data && !member.totp_enabled && !codes && (
        <SetUp
          {...start.data}
          onClose={start.reset}
          onDone={codes => {
            setCodes(codes)
            start.reset()
            void changed()
          }}
        />
      )}
      {codes && <RecoveryCodes codes={codes} onClose={() => setCodes(undefined)} />}
      {isDisabling && <Disable onClose={() => setIsDisabling(false)} onDone={changed} />}
    </Section>
  )
}

function SetUp({
  secret,
  uri,
  onClose,
  onDone,
}: {
  secret: string
  uri: string
  onClose: () => void
  onDone: (codes: string[]) => void
}) {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const { form, submit, note, pending } = useSendForm({
    initialValues: { code: '' },
    validate: { code: v => (v.trim() ? null : ui('required')) },
    send: ({ code }) => confirmTotp(code.replaceAll(/\s/g, '')),
    done: ({ recovery_codes }) => onDone(recovery_codes),
  })
  return (
    <Dialog
      title={say('totp.title')}
      lead={say('totp.scan')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('totp.confirm')}
    >
      <QR text={uri} label={say('totp.qr')} />
      <Text size="sm">{say('totp.manual')}</Text>
      <Group gap={4}>
        <Code style={{ overflowWrap: 'anywhere' }}>{secret}</Code>
        <Copy value={secret} label={say('totp.copy')} />
      </Group>
      <TextInput
        label={say('totp.code')}
        inputMode="numeric"
        autoComplete="one-time-code"
        data-autofocus
        {...form.getInputProps('code')}
      />
    </Dialog>
  )
}

// On white with its quiet zone, whatever the colour scheme: cameras need it.
function QR({ text, label }: { text: string; label: string }) {
  const [svg, setSvg] = useState('')
  useEffect(() => {
    void import('uqr').then(({ renderSVG }) => setSvg(renderSVG(text, { border: 4 })))
  }, [text])
  return (
    <Box w={200} h={200} bg="white" mx="auto">
      {svg && <img width={200} height={200} alt={label} src={`data:image/svg+xml,${encodeURIComponent(svg)}`} />}
    </Box>
  )
}

function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const say = useSay(settingWords)
  return (
    <Modal
      opened
      onClose={onClose}
      title={say('totp.codes.title')}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
    >
      <Stack>
        <Alert color="yellow">{say('totp.codes')}</Alert>
        <SimpleGrid cols={2} spacing="xs">
          {codes.map(code => (
            <Code key={code} ta="center">
              {code}
            </Code>
          ))}
        </SimpleGrid>
        <Group justify="space-between">
          <Copy value={codes.join('\n')} label={say('totp.codes.copy')} />
          <Button onClick={onClose}>{say('totp.codes.kept')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function Disable({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const say = useSay(settingWords)
  const ui = useSay(uiWords)
  const { form, submit, note, pending } = useSendForm({
    initialValues: { password: '', code: '' },
    validate: { password: v => (v ? null : ui('required')), code: v => (v.trim() ? null : ui('required')) },
    send: ({ password, code }) => disableTotp({ password, code: code.trim() }),
    done: () => {
      onDone()
      onClose()
    },
  })
  return (
    <Dialog
      title={say('totp.disable')}
      lead={say('totp.disable.text')}
      onClose={onClose}
      onSubmit={submit}
      pending={pending}
      note={note}
      go={say('totp.disable')}
      danger
    >
      <PasswordInput
        label={say('totp.password')}
        autoComplete="current-password"
        data-autofocus
        {...form.getInputProps('password')}
      />
      <TextInput label={say('totp.code')} autoComplete="one-time-code" {...form.getInputProps('code')} />
    </Dialog>
  )
}

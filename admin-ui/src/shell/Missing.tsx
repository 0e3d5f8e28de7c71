import { useSay } from '../i18n'
import { ButtonLink } from '../ui/A'
import { Empty } from '../ui/Problem'
import { uiWords } from '../ui/words'

export function Missing() {
  const say = useSay(uiWords)
  return (
    <main>
      <Empty title={say('missing.title')} action={<ButtonLink to="/">{say('home')}</ButtonLink>}>
        {say('missing.text')}
      </Empty>
    </main>
  )
}

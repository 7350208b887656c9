import {useSignal} from '@preact/signals';
import type {Transaction} from '../../api/types';
import {now} from '../../live/clock';
import {operationsOf} from '../../model/operations';
import type {PlacedOperation} from '../../model/operations';
import {JsonBlock} from '../../parts/code';
import {StateBadge} from '../../parts/status';
import {formatNextCall} from '../../text/format';
import {text} from '../../text/text';

/// Every operation with its state, last answer, address; payload and output on demand.
export function BranchTable({transaction}: {transaction: Transaction}) {
  const t = text.value.transaction;
  const operations = operationsOf(transaction);
  const isOpen = useSignal(false);
  if (operations.length === 0) return <p class="faint">{t.none}</p>;
  return (
    <>
      <div class="scroller" tabIndex={0} role="group" aria-label={t.graph}>
        <table>
          <thead>
            <tr><th scope="col">{t.branch}</th><th scope="col">{t.operation}</th><th scope="col">{t.state}</th><th scope="col" class="number">{t.attempts}</th><th scope="col">{t.lastAnswer}</th><th scope="col">{t.url}</th></tr>
          </thead>
          <tbody>{operations.map((placed, i) => <OperationRow key={i} placed={placed} before={operations[i - 1]} transaction={transaction} />)}</tbody>
        </table>
      </div>
      <details class="payloads" onToggle={(event) => (isOpen.value = event.currentTarget.open)}>
        <summary><h3>{t.payloads}</h3></summary>
        {isOpen.value && <Payloads transaction={transaction} />}
      </details>
    </>
  );
}

function OperationRow({placed, before, transaction}: {placed: PlacedOperation; before: PlacedOperation | undefined; transaction: Transaction}) {
  const {branch, name, operation} = placed;
  const t = text.value.transaction;
  const stuck = transaction.attention.some((entry) => entry.branch === (branch?.id ?? null) && entry.operation === name);
  const isFirst = before?.branch !== branch;
  return (
    <tr class={isFirst ? 'first' : ''}>
      <th scope="row">{isFirst ? branch?.id ?? t.check : <span class="visually-hidden">{branch?.id}</span>}</th>
      <td><code>{name}</code></td>
      <td><StateBadge state={operation.state} attention={stuck} />{operation.next_attempt_at && <small> {formatNextCall(Date.parse(operation.next_attempt_at), now.value)}</small>}</td>
      <td class="number">{operation.attempts}</td>
      <td class="answer">{operation.last_error ?? text.value.dash}</td>
      <td><code class="url">{operation.url || text.value.dash}</code></td>
    </tr>
  );
}

function Payloads({transaction}: {transaction: Transaction}) {
  const t = text.value.transaction;
  return (
    <>
      {transaction.branches.map((branch) => (
        <div key={branch.id} class="payload">
          <h4>{branch.id}</h4>
          <p>{t.payload}</p>
          {branch.payload === null ? <p class="faint">{t.noPayload}</p> : <JsonBlock value={branch.payload} label={`${t.payload} ${branch.id}`} />}
          {Object.entries(branch.operations).map(([name, {output}]) => output !== null && (
            <div key={name}><p>{t.output} <code>{name}</code></p><JsonBlock value={output} label={`${t.output} ${branch.id} ${name}`} /></div>
          ))}
        </div>
      ))}
    </>
  );
}

import { exactDuration, type CostDriver } from "@comfyui-monitor/react";
import styles from "./Drivers.module.css";
import { driverName, driversSentence, driverValues, isolationWords, spreadWords, took } from "./drivers.js";

/** What made the runs of a class longer or shorter. */
export function Drivers({ drivers }: { drivers: readonly CostDriver[] }) {
  if (drivers.length === 0) return <p className={styles.none}>{driversSentence(drivers)}</p>;
  return (
    <ul className={styles.drivers}>
      {drivers.map((driver) => (
        <li key={driver.name} className={styles.driver}>
          <h3 title={driver.name}>{driverName(driver.name)}</h3>
          <p className={styles.spread}>{spreadWords(driver)}</p>
          <dl>
            {driverValues(driver).map(({ value, words, ms, width }) => (
              <div key={value}>
                <dt title={value}>{words}</dt>
                <dd title={exactDuration(ms)}>
                  <span className={styles.bar} aria-hidden="true"><span style={{ transform: `scaleX(${width / 100})` }} /></span>
                  {took(ms)}
                </dd>
              </div>
            ))}
          </dl>
          <p className={styles.worth}>{isolationWords(driver)}</p>
        </li>
      ))}
    </ul>
  );
}

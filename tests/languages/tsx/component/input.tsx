import React, { useState, type ReactNode } from "react";
import { Button } from "./button";
import { Props } from "./props";
import icons from "./icons";

/** Shows it. */
export const Panel: React.FC<Props> = ({ title, children }) => {
  const [open, setOpen] = useState<boolean>(false);
  return (
    <section className="panel/main" data-x={title}>
      <Button.Large onClick={() => setOpen(!open)} {...icons.all} />
      {open && <>{children}</>}
      <Generic<string> value="a" />
      <ns:tag />
      &nbsp;text
    </section>
  );
};

export default React.memo(function Wrapped(props: { node: ReactNode }) {
  return <Panel title="x">{props.node}</Panel>;
});

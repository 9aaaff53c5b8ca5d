typedef int hubrig_certs_empty;
